#pragma once

#include <QFuture>
#include <QObject>
#include <QString>

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

namespace sandglass::models {

/// What came of a look at one thing the program stands on.
struct Finding
{
    enum class Level { Good, Notice, Problem };
    Level level = Level::Good;
    QString sentence; ///< what was seen, with figures
    QString remedy;   ///< what a person can do; empty: nothing to do
};

/// Looks at everything the program stands on, all at once, and tells what is wrong and what to do. What does not answer
/// within the limit is a finding, too.
class SelfCheck final : public QObject
{
    Q_OBJECT
public:
    using Check = std::function<QFuture<Finding>()>; ///< called on this object's thread
    struct Row
    {
        QString name;
        std::optional<Finding> finding; ///< empty: still looking
    };

    explicit SelfCheck(std::chrono::milliseconds limit = std::chrono::seconds(10), QObject *parent = nullptr);

    void add(const QString &name, Check check); ///< before run()
    void run();                                 ///< anew; answers to an earlier run are ignored
    [[nodiscard]] const std::vector<Row> &rows() const { return m_rows; }
    [[nodiscard]] bool isRunning() const;
    [[nodiscard]] int count(Finding::Level level) const;
    /// A line for each finding, for a bug report. Secrets are taken out.
    [[nodiscard]] QString report() const;

Q_SIGNALS:
    void changed();

private:
    void take(std::size_t row, int run, Finding finding);

    std::chrono::milliseconds m_limit;
    std::vector<Check> m_checks;
    std::vector<Row> m_rows;
    int m_run = 0;
};

} // namespace sandglass::models
