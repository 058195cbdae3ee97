#pragma once

#include "ui/theme/theme.h"

#include <QElapsedTimer>
#include <QObject>
#include <QSize>
#include <QString>
#include <QTimer>

#include <functional>
#include <vector>

namespace sandglass::app {

class Composition;

/// The guided tour: the main job from the first start to the bill, driven through the real window, each step measured
/// and printed as one line. Leaves pictures of every page, in both themes and two sizes.
class Tour final : public QObject
{
    Q_OBJECT
public:
    Tour(Composition &composition, QString pictureDirectory, QObject *parent = nullptr);

    void start();

Q_SIGNALS:
    void stepDone(const QString &line);
    void finished(int exitCode); ///< 0 only if every step held

private:
    /// A step begins something and is over when `isDone`; `detail` then describes what was seen. An empty detail means
    /// that it came out wrong.
    struct Step
    {
        QString name;
        std::function<void()> begin;
        std::function<bool()> isDone;
        std::function<QString()> detail;
    };
    void planEngine();
    void planAttempts();
    void planAttempt(int number, const QString &code, const QString &expectedReason);
    void planEnding();
    void planLook();
    void planJourney(); ///< into the past, and back
    void planPictures(const QString &name, const QStringList &pages, const QString &suffix = {});
    void beginNext();
    void check();
    void report(const QString &line);
    void fail(const QString &why);
    /// True when all have been taken, in one theme and then in the other: to change it styles every widget anew. One
    /// page at a time, once it has added up what it shows.
    [[nodiscard]] bool takePictures(const QStringList &pages, const QString &suffix);
    void beginTheme(bool isSecond);
    [[nodiscard]] bool takePicture(const QString &name);
    [[nodiscard]] QString costLine() const;

    Composition &m_composition;
    QString m_directory;
    std::vector<Step> m_steps;
    std::size_t m_current = 0;
    QTimer m_watch;
    QElapsedTimer m_stepTime;
    QElapsedTimer m_sinceProgress; ///< a page drawn counts
    QElapsedTimer m_wholeTime;
    QString m_sandboxId;
    qsizetype m_nextPage = 0; ///< of those to be taken in this step
    bool m_isSecondTheme = false;
    bool m_isSized = false;         ///< the window has the size of the next picture
    bool m_isSmallTaken = false;    ///< of this page
    QSize m_sizeBefore;             ///< this step
    ui::Theme::Mode m_modeBefore{}; ///< this step
    bool m_arePicturesGood = false; ///< of this step
    int m_pictures = 0;
    int m_runningBefore = 0; ///< the profile may have a history with sandboxes of its own
};

} // namespace sandglass::app
