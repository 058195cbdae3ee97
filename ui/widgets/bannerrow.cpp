#include "ui/widgets/bannerrow.h"

#include "ui/theme/theme.h"

#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

namespace sandglass::ui {

void layOutBanner(QFrame &banner, QLabel *sentence, std::initializer_list<QPushButton *> buttons)
{
    banner.setProperty("banner", true);
    sentence->setWordWrap(true);
    auto *row = new QHBoxLayout(&banner);
    row->setContentsMargins(20, metrics::gap, metrics::cardGap, metrics::gap);
    row->addWidget(sentence, 1);
    for (QPushButton *button : buttons)
        row->addWidget(button);
}

} // namespace sandglass::ui
