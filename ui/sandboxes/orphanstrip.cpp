#include "ui/sandboxes/orphanstrip.h"

#include "ui/text/format.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/elidedlabel.h"

#include <QHBoxLayout>

namespace sandglass::ui {

OrphanStrip::OrphanStrip(QWidget *parent)
    : QFrame(parent), m_sentence(new ElidedLabel), m_review(makeButton(tr("Review…"), QStringLiteral("reviewOrphans")))
{
    setObjectName(QStringLiteral("orphanStrip"));
    setProperty("card", true);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(metrics::cardGap, 8, 8, 8);
    m_sentence->setObjectName(QStringLiteral("orphanSentence"));
    layout->addWidget(m_sentence, 1);
    layout->addWidget(m_review);
    connect(m_review, &QPushButton::clicked, this, &OrphanStrip::reviewRequested);
    hide();
}

QString OrphanStrip::sentenceFor(const models::OrphanListModel::Counts &counts)
{
    const int foreign = counts.all - counts.mine;
    const QString strangers = foreign == 1
        ? tr("1 sandbox here that this program did not start")
        : tr("%1 sandboxes here that this program did not start").arg(formatCount(foreign));
    const QString own = counts.mine == 1
        ? tr("1 sandbox here from an earlier run of this program, without a record")
        : tr("%1 sandboxes here from earlier runs of this program, without a record").arg(formatCount(counts.mine));
    if (foreign == 0)
        return own;
    return counts.mine == 0 ? strangers
                            : tr("%1, and %2 from its earlier runs").arg(strangers, formatCount(counts.mine));
}

void OrphanStrip::setCounts(const models::OrphanListModel::Counts &counts)
{
    if (counts.all > 0) {
        const QString sentence = sentenceFor(counts);
        m_sentence->setText(sentence);
        setAccessibleName(sentence);
    }
    setVisible(counts.all > 0);
}

} // namespace sandglass::ui
