#include "services/e2b/pacer.h"

#include <algorithm>

namespace sandglass::e2b {

Pacer::Pacer(int perWindow, std::chrono::milliseconds window) : m_perWindow(std::max(1, perWindow)), m_window(window) {}

std::chrono::milliseconds Pacer::take(Time now)
{
    using std::chrono::ceil;
    using std::chrono::milliseconds;
    if (now < m_heldUntil)
        return ceil<milliseconds>(m_heldUntil - now);
    if (m_count == 0 || now - m_windowStart >= m_window) {
        m_windowStart = now;
        m_count = 0;
    }
    if (m_count >= m_perWindow)
        return ceil<milliseconds>(m_windowStart + m_window - now);
    ++m_count;
    return milliseconds(0);
}

void Pacer::hold(Time until)
{
    m_heldUntil = std::max(m_heldUntil, until);
}

} // namespace sandglass::e2b
