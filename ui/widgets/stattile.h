#pragma once

#include <QFrame>

class QLabel;

namespace sandglass::ui {

/// A figure with its name above and an explanation below: "Active now / 38 / 31 running · 6 paused".
class StatTile final : public QFrame
{
    Q_OBJECT
public:
    StatTile(const QString &name, const QString &objectName, QWidget *parent = nullptr);
    void setValue(const QString &value);
    void setDetail(const QString &detail);
    [[nodiscard]] QString value() const;

private:
    void describe();
    QString m_name;
    QLabel *m_value = nullptr;
    QLabel *m_detail = nullptr;
};

} // namespace sandglass::ui
