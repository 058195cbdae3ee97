#pragma once

#include "models/sandboxes/orphanlistmodel.h"

#include <QFrame>

class QPushButton;

namespace sandglass::ui {

class ElidedLabel;

/// One quiet line above the table while the provider lists sandboxes that no event has told of.
class OrphanStrip final : public QFrame
{
    Q_OBJECT
public:
    explicit OrphanStrip(QWidget *parent = nullptr);
    void setCounts(const models::OrphanListModel::Counts &counts); ///< none: hides
    [[nodiscard]] static QString sentenceFor(const models::OrphanListModel::Counts &counts);

Q_SIGNALS:
    void reviewRequested();

private:
    ElidedLabel *m_sentence;
    QPushButton *m_review;
};

} // namespace sandglass::ui
