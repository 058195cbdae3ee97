#include "ui/widgets/scrollarea.h"

#include <QScrollArea>

namespace sandglass::ui {

namespace {

/// Takes its content in when it is first shown. A scroll area asks its content for a size at once and whenever the
/// style changes, which lays out and styles every widget of a page that nobody may open.
class LateScrollArea final : public QScrollArea
{
public:
    explicit LateScrollArea(QWidget *content) : m_content(content)
    {
        m_content->setParent(this);
        m_content->hide();
        setWidgetResizable(true);
        setFrameShape(QFrame::NoFrame);
        setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    }

protected:
    void showEvent(QShowEvent *event) override
    {
        if (widget() == nullptr) {
            setWidget(m_content);                    // shows it
            m_content->setAutoFillBackground(false); // what lies below shows through, a card or the page
            viewport()->setAutoFillBackground(false);
        }
        QScrollArea::showEvent(event);
    }

private:
    QWidget *m_content;
};

} // namespace

QWidget *makeScrollArea(QWidget *content)
{
    return new LateScrollArea(content);
}

} // namespace sandglass::ui
