#include "services/refine/generator.h"

namespace sandglass::refine {

void ScriptedGenerator::propose(const std::vector<Attempt> &, Done done)
{
    if (m_next == m_texts.size()) {
        done({failure(Error::Kind::Local, "the script has no further attempt", 0, "exhausted"), {}});
        return;
    }
    done({m_texts[m_next++], {}});
}

ClassicExample classicExample()
{
    return {"Print the tenth Fibonacci number",
            {R"(def fibonacci(n)
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)

print(f"Fibonacci(10) = {fibonacci(10)}")
)",
             R"(import nonexistent_module

def fibonacci(n):
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)

print(f"Fibonacci(10) = {fibonacci(10)}")
)",
             R"(def fibonacci(n):
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)

print(f"Fibonacci(10) = {fibonacci(10)}")
)"},
            Check::outputContains("Fibonacci(10) = 55")};
}

} // namespace sandglass::refine
