#pragma once

#include <QButtonGroup>
#include <QFrame>
#include <QList>
#include <QString>

class QLabel;
class QVBoxLayout;

namespace sandglass::ui {

/// A line under CONNECTIONS.
struct ConnectionLine
{
    enum class State { Connected, Starting, Offline };
    QString name;
    QString detail; ///< "tier 2", "team-a", "offline"
    State state = State::Offline;
    friend bool operator==(const ConnectionLine &, const ConnectionLine &) = default;
};

/// Mark and name, one button per page with its count, the connections, and the last page (Settings) at the bottom.
class SideBar final : public QFrame
{
    Q_OBJECT
public:
    explicit SideBar(QWidget *parent = nullptr);

    /// In order; the last one stands at the bottom. `key` becomes the object name "nav-KEY".
    void addPage(const QString &key, const QString &title, bool atBottom);
    void setCurrent(int index);
    void setBadge(int index, const QString &text);
    void setConnections(const QList<ConnectionLine> &connections);

Q_SIGNALS:
    void pageChosen(int index);

private:
    QButtonGroup m_buttons;
    QList<QLabel *> m_badges;
    QVBoxLayout *m_pages = nullptr;
    QVBoxLayout *m_connections = nullptr;
    QVBoxLayout *m_bottom = nullptr;
    QList<ConnectionLine> m_lines;
};

} // namespace sandglass::ui
