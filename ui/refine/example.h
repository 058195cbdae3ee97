#pragma once

#include <QString>

namespace sandglass::ui {

/// The first program a new person sees: a Fibonacci function whose second line lacks its colon.
[[nodiscard]] inline QString exampleCode()
{
    return QStringLiteral("def fibonacci(n):\n"
                          "    if n <= 1\n"
                          "        return n\n"
                          "    return fibonacci(n - 1) + fibonacci(n - 2)\n"
                          "\n"
                          "\n"
                          "result = fibonacci(10)\n"
                          "print(f\"Fibonacci(10) = {result}\")\n");
}

} // namespace sandglass::ui
