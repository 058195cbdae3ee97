#pragma once

#include "services/e2b/types.h"

#include <QWidget>

#include <optional>

class QGridLayout;
class QLabel;
class QPushButton;

namespace sandglass::ui {

/// Everything the API tells about one template, and how to use it from an SDK.
class TemplateDetails final : public QWidget
{
    Q_OBJECT
public:
    explicit TemplateDetails(QWidget *parent = nullptr);
    void setTemplate(const std::optional<e2b::TemplateInfo> &info);
    [[nodiscard]] QString snippet() const { return m_snippet; }

Q_SIGNALS:
    void newSandboxRequested();
    void openInRefineRequested();
    void copied(const QString &what);

private:
    void buildLayout();
    void showStatus(); ///< in the colours of the theme
    void addRow(const QString &name, const QString &value, bool isMono = false);
    void copyText(const QString &text, const QString &what);

    QWidget *m_body;
    QWidget *m_scroll;
    QLabel *m_name;
    QLabel *m_status;
    QGridLayout *m_rows;
    QLabel *m_code;
    QPushButton *m_create;
    QPushButton *m_refine;
    QString m_buildStatus;
    QString m_snippet;
    QString m_id;
};

/// Shape, word and colour of a build status: "● Ready", "◐ Building", "✕ Failed".
struct BuildMark
{
    QString text;
    QColor colour;
};
[[nodiscard]] BuildMark buildMark(const QString &buildStatus);

} // namespace sandglass::ui
