#include "models/sandboxes/foldscan.h"

#include "services/lifecycle/picture.h"

#include <QElapsedTimer>

#include <utility>

namespace sandglass::models {

namespace {

constexpr int sliceMs = 3;
constexpr std::size_t bucketsPerLook = 64; ///< at the clock

} // namespace

FoldScan::FoldScan(const lifecycle::Picture &picture, Steps steps, QObject *parent)
    : QObject(parent), m_picture(picture), m_steps(std::move(steps))
{
    m_next.setSingleShot(true);
    connect(&m_next, &QTimer::timeout, this, &FoldScan::slice);
    connect(&m_picture, &lifecycle::Picture::replayed, this, [this] { // perhaps another fold altogether
        if (m_next.isActive())
            beginAnew();
    });
}

void FoldScan::start()
{
    if (m_next.isActive()) {
        m_isAskedAgain = true;
        return;
    }
    beginAnew();
    slice();
}

void FoldScan::cancel()
{
    m_next.stop();
    m_isAskedAgain = false;
}

void FoldScan::beginAnew()
{
    m_bucket = 0;
    m_bucketCount = m_picture.fold().sandboxes().bucket_count();
    m_steps.begin();
}

void FoldScan::slice()
{
    const auto &sandboxes = m_picture.fold().sandboxes();
    if (sandboxes.bucket_count() != m_bucketCount)
        beginAnew();
    QElapsedTimer clock;
    clock.start();
    while (m_bucket < m_bucketCount) {
        for (auto it = sandboxes.begin(m_bucket); it != sandboxes.end(m_bucket); ++it)
            m_steps.visit(it->second);
        ++m_bucket;
        if (m_bucket % bucketsPerLook == 0 && clock.elapsed() >= sliceMs)
            return m_next.start(0);
    }
    m_steps.end();
    if (std::exchange(m_isAskedAgain, false)) {
        beginAnew();
        m_next.start(0);
    }
}

} // namespace sandglass::models
