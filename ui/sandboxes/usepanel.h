#pragma once

#include <QWidget>

#include <array>

class QLabel;

namespace sandglass::models {
class SandboxUse;
}

namespace sandglass::ui {

class Sparkline;

/// Processors, memory and disk that a sandbox uses: the newest figure of each, with a curve of the last five minutes.
class UsePanel final : public QWidget
{
    Q_OBJECT
public:
    explicit UsePanel(models::SandboxUse &use, QWidget *parent = nullptr); ///< `use` must outlive it

protected:
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    struct Gauge
    {
        QWidget *whole = nullptr;
        QLabel *value = nullptr;
        QLabel *detail = nullptr;
        Sparkline *curve = nullptr;
    };
    enum Figure { Processors, Memory, Disk, FigureCount };

    [[nodiscard]] Gauge makeGauge(const QString &name, const QString &objectName);
    void update();
    void updateFigures();
    void tell(Figure figure, const QString &value, const QString &detail);
    [[nodiscard]] QString words() const; ///< below the figures, or in their place

    models::SandboxUse &m_use;
    std::array<Gauge, FigureCount> m_gauges;
    QWidget *m_figures = nullptr;
    QLabel *m_words = nullptr;
};

} // namespace sandglass::ui
