#pragma once

#include "models/runs/attemptsmodel.h"

#include <QPlainTextEdit>

#include <vector>

namespace sandglass::ui {

/// What changed between two attempts: removed lines with − on red, added lines with + on green.
class DiffView final : public QPlainTextEdit
{
    Q_OBJECT
public:
    explicit DiffView(QWidget *parent = nullptr);
    void setDiff(std::vector<models::DiffRow> rows, const QString &whenEmpty);

private:
    void rebuild();
    std::vector<models::DiffRow> m_rows;
};

} // namespace sandglass::ui
