#pragma once

#include "services/e2b/types.h"
#include "ui/settings/keyedlistsection.h"

namespace sandglass::models {
class ConnectionsModel;
}

namespace sandglass::ui {

/// Which E2B is worked with: list at the left, the chosen one's addresses, key and test at the right.
class ConnectionsSection final : public KeyedListSection
{
    Q_OBJECT
public:
    ConnectionsSection(models::ConnectionsModel &connections, QWidget *parent);

    void startNew() override;

private:
    void addFields();
    void showCurrent() override;
    void showStatus() override;
    void save() override;
    void test(const QString &id) override;
    void remove(const QString &id) override;
    [[nodiscard]] e2b::Connection fields() const;

    models::ConnectionsModel &m_connections;
    QLineEdit *m_name;
    QLineEdit *m_domain;
    QLineEdit *m_api;
    QLineEdit *m_sandbox;
    QLabel *m_source;
    QPushButton *m_use;
};

} // namespace sandglass::ui
