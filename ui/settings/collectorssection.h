#pragma once

#include "ui/settings/section.h"

#include <QList>
#include <QString>

class QLineEdit;
class QListWidget;
class QPushButton;

namespace sandglass::ui {

/// What is known about one collector.
struct CollectorLine
{
    enum class State { Connecting, CatchingUp, Live, Waiting, Refused };

    QString url;
    State state = State::Connecting;
    QString reason;     ///< of waiting and refusal
    quint64 events = 0; ///< taken over since the start
    friend bool operator==(const CollectorLine &, const CollectorLine &) = default;
};

/// The collectors whose events flow into the journal: a list with their states, and fields to add one.
class CollectorsSection final : public Section
{
    Q_OBJECT
public:
    explicit CollectorsSection(QWidget *parent);
    void setCollectors(const QList<CollectorLine> &collectors);
    /// Why the one just asked for was not added; empty: it was, and the fields are cleared.
    void answerAdd(const QString &problem);

Q_SIGNALS:
    void addRequested(const QString &url, const QString &token);
    void removeRequested(const QString &url);

private:
    QWidget *buildForm();
    void updateButtons();

    QList<CollectorLine> m_collectors;
    QListWidget *m_list;
    QLabel *m_empty;
    QLineEdit *m_url;
    QLineEdit *m_token;
    QLabel *m_problem;
    QPushButton *m_add;
    QPushButton *m_remove;
};

} // namespace sandglass::ui
