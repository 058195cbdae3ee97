#pragma once

#include <QFrame>

class QVBoxLayout;

namespace sandglass::models {
class StartQueue;
}

namespace sandglass::ui {

/// Above the table, while starts wait for a free place at the provider: one line each, with a way out.
class StartStrip final : public QFrame
{
    Q_OBJECT
public:
    explicit StartStrip(models::StartQueue &queue, QWidget *parent = nullptr); ///< which must outlive it

    /// "web waits for a free place, 2 before it".
    [[nodiscard]] static QString sentenceFor(const QString &templateId, int before);

private:
    void fill();
    [[nodiscard]] QWidget *makeLine(int id, const QString &sentence, const QString &reason);

    models::StartQueue &m_queue;
    QVBoxLayout *m_lines = nullptr;
};

} // namespace sandglass::ui
