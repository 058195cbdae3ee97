#include "app/learningkeystore.h"

#include "services/telemetry/redactor.h"

#include <utility>

namespace sandglass::app {

namespace {

class LearningKeyStore final : public KeyStore
{
public:
    explicit LearningKeyStore(std::unique_ptr<KeyStore> inner) : m_inner(std::move(inner)) {}

    void read(const std::string &name, std::function<void(Result<std::optional<std::string>>)> then) override
    {
        m_inner->read(name, [then = std::move(then)](Result<std::optional<std::string>> answer) {
            if (answer && *answer)
                telemetry::redactor().learn(**answer);
            then(std::move(answer));
        });
    }
    void write(const std::string &name, const std::string &secret, std::function<void(Result<>)> then) override
    {
        telemetry::redactor().learn(secret);
        m_inner->write(name, secret, std::move(then));
    }
    void remove(const std::string &name, std::function<void(Result<>)> then) override
    {
        m_inner->remove(name, std::move(then));
    }
    [[nodiscard]] std::string description() const override { return m_inner->description(); }
    [[nodiscard]] bool isEncrypted() const override { return m_inner->isEncrypted(); }

private:
    const std::unique_ptr<KeyStore> m_inner;
};

} // namespace

std::unique_ptr<KeyStore> learningSecrets(std::unique_ptr<KeyStore> inner)
{
    return std::make_unique<LearningKeyStore>(std::move(inner));
}

} // namespace sandglass::app
