#pragma once

#include <QFrame>

class QLabel;

namespace sandglass::ui {

class ElidedLabel;
class Page;

/// The strip above a page: its title, its subtitle and its tools.
class HeaderStrip final : public QFrame
{
    Q_OBJECT
public:
    explicit HeaderStrip(QWidget *parent = nullptr);
    void showPage(Page *page);
    void refreshSubtitle();

private:
    Page *m_page = nullptr;
    QLabel *m_title = nullptr;
    ElidedLabel *m_subtitle = nullptr;
    QWidget *m_tools = nullptr; ///< of the page, when it has any
};

} // namespace sandglass::ui
