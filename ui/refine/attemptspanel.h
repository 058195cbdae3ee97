#pragma once

#include <QFrame>

class QCheckBox;
class QLabel;
class QLineEdit;
class QListView;
class QPlainTextEdit;
class QPushButton;
class QVBoxLayout;

namespace sandglass::models {
class AttemptsModel;
}

namespace sandglass::ui {

/// At the right of the editor: what is wanted, how it is checked, what was tried.
class AttemptsPanel final : public QFrame
{
    Q_OBJECT
public:
    AttemptsPanel(models::AttemptsModel &attempts, QWidget *parent);

    void setRequirement(const QString &text);
    void setExpectedOutput(const QString &text);
    [[nodiscard]] QString requirement() const;
    [[nodiscard]] QString expectedOutput() const;
    [[nodiscard]] int selectedNumber() const; ///< 0: none
    void selectNewest();
    void compareFlatPrice(bool isCompared); ///< beside the cost: what a cent for each attempt would come to
    void setOwnWebhook(bool isWanted);      ///< as it was kept
    void showProposers(QWidget *box);       ///< above the attempts; takes it over

Q_SIGNALS:
    void ownWebhookChanged(bool isWanted);
    void flatPriceCompared(bool isCompared);
    void requirementChanged(const QString &text);
    void expectedOutputChanged(const QString &text);
    void attemptSelected(int number);
    void restoreRequested(int number);

private:
    void setUpParts();
    void buildLayout();
    void update();
    [[nodiscard]] QString wordsOfCost() const;

    models::AttemptsModel &m_attempts;
    QPlainTextEdit *m_requirement;
    QLineEdit *m_check;
    QCheckBox *m_webhook;
    QListView *m_list;
    QLabel *m_count;
    QLabel *m_empty;
    QLabel *m_cost;
    QCheckBox *m_flat;
    QPushButton *m_restore;
    QVBoxLayout *m_layout; ///< of all of it, within a scroll area
};

} // namespace sandglass::ui
