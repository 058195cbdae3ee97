#pragma once

#include <QFrame>

class QFormLayout;
class QLabel;
class QVBoxLayout;

namespace sandglass::ui {

/// One card of the settings page: a heading, a sentence, and what belongs to it.
class Section : public QFrame
{
    Q_OBJECT
public:
    Section(const QString &heading, const QString &sentence, QWidget *parent);

Q_SIGNALS:
    void toast(const QString &text);

protected:
    [[nodiscard]] QVBoxLayout *body() const { return m_body; }
    [[nodiscard]] QLabel *makeText(const char *role, const QString &text = {});
    /// A row "name: value", the value selectable.
    QLabel *addValue(QFormLayout *form, const QString &name, bool isMono);
    [[nodiscard]] QFormLayout *addForm();
    void copy(const QString &text, const QString &what);

private:
    QVBoxLayout *m_body;
};

} // namespace sandglass::ui
