#pragma once

#include "services/e2b/types.h"
#include "ui/settings/section.h"

#include <optional>

class QLineEdit;
class QListView;
class QPushButton;

namespace sandglass::models {
class ConnectionsModel;
}

namespace sandglass::ui {

/// Which E2B is worked with: list at the left, the chosen one's addresses, key and test at the right.
class ConnectionsSection final : public Section
{
    Q_OBJECT
public:
    ConnectionsSection(models::ConnectionsModel &connections, QWidget *parent);

private:
    QWidget *buildList();
    QWidget *buildForm();
    void wire();
    void showCurrent();
    void showStatus();
    void startNew();
    void save();
    void showProblem(const QString &text);
    void showKeyProblem(const QString &reason);
    [[nodiscard]] QString currentId() const;
    [[nodiscard]] e2b::Connection fields() const;

    models::ConnectionsModel &m_connections;
    QListView *m_list;
    QLineEdit *m_name;
    QLineEdit *m_domain;
    QLineEdit *m_api;
    QLineEdit *m_sandbox;
    QLineEdit *m_key;
    QLabel *m_source;
    QLabel *m_problem;
    QLabel *m_result;
    QPushButton *m_add;
    QPushButton *m_use;
    QPushButton *m_test;
    QPushButton *m_save;
    QPushButton *m_remove;
    bool m_isNew = false;
};

} // namespace sandglass::ui
