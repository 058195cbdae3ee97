#pragma once

#include <QFrame>

class QLabel;
class QStackedWidget;

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
    QStackedWidget *m_tools = nullptr;
};

} // namespace sandglass::ui
