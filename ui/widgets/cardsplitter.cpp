#include "ui/widgets/cardsplitter.h"

#include "ui/theme/theme.h"

namespace sandglass::ui {

namespace {

class Gap final : public QSplitterHandle
{
public:
    using QSplitterHandle::QSplitterHandle;

protected:
    void paintEvent(QPaintEvent *) override {}
};

} // namespace

CardSplitter::CardSplitter(QWidget *parent) : QSplitter(Qt::Vertical, parent)
{
    setChildrenCollapsible(false);
    setHandleWidth(metrics::gap);
}

QSplitterHandle *CardSplitter::createHandle()
{
    return new Gap(orientation(), this);
}

} // namespace sandglass::ui
