#pragma once

#include "services/e2b/types.h"

#include <QTextBrowser>

#include <vector>

namespace sandglass::ui {

/// Rich results of a run: pictures, tables, text. Comes from untrusted code: nothing is ever loaded from disk or
/// network, links only show where they lead, oversized parts are replaced by a sentence.
class ResultsView final : public QTextBrowser
{
    Q_OBJECT
public:
    explicit ResultsView(QWidget *parent = nullptr);
    void setResults(std::vector<e2b::ExecutionResult> results);
    [[nodiscard]] int imageCount() const { return static_cast<int>(m_images.size()); }

protected:
    QVariant loadResource(int type, const QUrl &name) override;
    void resizeEvent(QResizeEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    void rebuild();
    void addPicture(QTextCursor &cursor, const std::string &base64);
    void addPlain(QTextCursor &cursor, const QString &text);

    std::vector<e2b::ExecutionResult> m_results;
    std::vector<QImage> m_images;
};

} // namespace sandglass::ui
