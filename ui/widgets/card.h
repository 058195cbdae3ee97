#pragma once

#include <QFrame>

class QHBoxLayout;
class QLabel;
class QVBoxLayout;

namespace sandglass::ui {

/// A bordered surface with an optional title row. Content goes into body().
class Card final : public QFrame
{
    Q_OBJECT
public:
    explicit Card(const QString &title = {}, QWidget *parent = nullptr);

    [[nodiscard]] QVBoxLayout *body() const { return m_body; }
    /// Row of the title; widgets added to it stand at the right. Null without a title.
    [[nodiscard]] QHBoxLayout *titleRow() const { return m_titleRow; }
    void setHint(const QString &hint); ///< faint text beside the title
    /// Content that touches the border (tables): no padding around the body.
    void setFlush();

private:
    QVBoxLayout *m_outer = nullptr;
    QVBoxLayout *m_body = nullptr;
    QHBoxLayout *m_titleRow = nullptr;
    QLabel *m_hint = nullptr;
};

} // namespace sandglass::ui
