#pragma once

#include "ui/webhooks/receiverview.h"

#include <QWidget>

class QGridLayout;
class QPushButton;

namespace sandglass::ui {

class ElidedLabel;
class SecretLine;

/// This program's receiver at a glance: address, secret and its rotation, what came in, the clocks.
class ReceiverCard final : public QWidget
{
    Q_OBJECT
public:
    explicit ReceiverCard(QWidget *parent = nullptr);
    void setReceiver(const ReceiverView &receiver);

Q_SIGNALS:
    void rotateRequested();
    void endOverlapRequested();
    void toast(const QString &text);

private:
    void addAddress(QGridLayout *grid);
    void addFigures(QGridLayout *grid);

    ReceiverView m_receiver;
    ElidedLabel *m_state = nullptr;
    ElidedLabel *m_url = nullptr;
    QPushButton *m_copyUrl = nullptr;
    SecretLine *m_secret = nullptr;
    QPushButton *m_rotate = nullptr;
    ElidedLabel *m_overlap = nullptr;
    QPushButton *m_endOverlap = nullptr;
    ElidedLabel *m_accepted = nullptr;
    ElidedLabel *m_refused = nullptr;
    ElidedLabel *m_clock = nullptr;
    ElidedLabel *m_engine = nullptr;
};

} // namespace sandglass::ui
