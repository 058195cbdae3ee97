#include "models/sandboxes/foldscan.h"

#include "models/sandboxes/scanturns.h"
#include "services/lifecycle/picture.h"

#include <utility>

namespace sandglass::models {

namespace {

constexpr std::size_t bucketsPerLook = 64; ///< at the clock

} // namespace

FoldScan::FoldScan(const lifecycle::Picture &picture, Steps steps, QObject *parent)
    : QObject(parent), m_picture(picture), m_steps(std::move(steps)), m_turns(ScanTurns::shared())
{
    connect(&m_picture, &lifecycle::Picture::replayed, this, [this] { // perhaps another fold altogether
        if (m_isUnderWay)
            beginAnew();
    });
}

FoldScan::~FoldScan()
{
    m_turns->leave(*this);
}

void FoldScan::start()
{
    if (m_isUnderWay) {
        m_isAskedAgain = true;
        return;
    }
    beginAnew();
    if (m_turns->isFree())
        goOn();
    else
        wait();
}

void FoldScan::cancel()
{
    m_turns->leave(*this);
    m_isUnderWay = m_isAskedAgain = false;
}

void FoldScan::beginAnew()
{
    m_bucket = 0;
    m_bucketCount = m_picture.fold().sandboxes().bucket_count();
    m_steps.begin();
}

void FoldScan::wait()
{
    m_isUnderWay = true;
    m_turns->join(*this);
}

void FoldScan::goOn()
{
    const auto &sandboxes = m_picture.fold().sandboxes();
    if (sandboxes.bucket_count() != m_bucketCount)
        beginAnew();
    m_turns->begin();
    while (m_bucket < m_bucketCount) {
        for (auto it = sandboxes.begin(m_bucket); it != sandboxes.end(m_bucket); ++it)
            m_steps.visit(it->second);
        ++m_bucket;
        if (m_bucket % bucketsPerLook == 0 && m_turns->isOver()) {
            m_turns->end();
            return wait();
        }
    }
    m_isUnderWay = false;
    m_steps.end();
    m_turns->end();
    if (std::exchange(m_isAskedAgain, false) && !m_isUnderWay) {
        beginAnew();
        wait();
    }
}

} // namespace sandglass::models
