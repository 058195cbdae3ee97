#pragma once

#include <QFrame>

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace sandglass::models {
class Proposers;
class RunSession;
} // namespace sandglass::models

namespace sandglass::ui {

/// Who proposes the code, when a refinement ends, its beginning, and how far it is.
class ProposerBox final : public QFrame
{
    Q_OBJECT
public:
    /// Both must outlive this.
    ProposerBox(models::Proposers &proposers, const models::RunSession &session, QWidget *parent);

Q_SIGNALS:
    void refineRequested();
    void modelsRequested();              ///< the place where models are added
    void troubled(const QString &words); ///< a script that cannot be read

private:
    void setUpParts();
    void buildLayout();
    void wire();
    void fill();
    void update();
    void takeChoice();
    void takeMoney();
    void chooseScript();

    models::Proposers &m_proposers;
    const models::RunSession &m_session;
    QComboBox *m_who;
    QWidget *m_more; ///< all that a refinement needs; not there while the person proposes
    QSpinBox *m_attempts;
    QLineEdit *m_money;
    QPushButton *m_script;
    QPushButton *m_refine;
    QLabel *m_words;
    bool m_isMoneyWrong = false; ///< told once it is entered, not while it is typed
};

} // namespace sandglass::ui
