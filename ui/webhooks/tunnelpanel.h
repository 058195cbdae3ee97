#pragma once

#include <QWidget>

class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace sandglass::models {
class TunnelSession;
}

namespace sandglass::ui {

/// Opens a tunnel so that a cloud can reach the receiver of a machine behind NAT, and tells what became of it.
class TunnelPanel final : public QWidget
{
    Q_OBJECT
public:
    explicit TunnelPanel(models::TunnelSession &tunnel, QWidget *parent = nullptr);

Q_SIGNALS:
    void toast(const QString &text);

protected:
    void showEvent(QShowEvent *event) override;

private:
    void describeFields();
    void layOut();
    void startOrStop();
    void update();
    [[nodiscard]] QString stateSentence() const;
    [[nodiscard]] QString registrationSentence() const;

    models::TunnelSession &m_tunnel;
    QComboBox *m_kind;
    QLineEdit *m_target;
    QSpinBox *m_remotePort;
    QLineEdit *m_publicUrl;
    QLabel *m_missing;
    QLabel *m_state;
    QLabel *m_registration;
    QPushButton *m_button;
    QPushButton *m_copy;
    QFormLayout *m_form = nullptr;
};

} // namespace sandglass::ui
