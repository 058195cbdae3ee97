#include "app/keyplaces.h"

#include <QLoggingCategory>

#include <utility>

namespace sandglass::app {

namespace {

Q_LOGGING_CATEGORY(logKeys, "sandglass.keys", QtInfoMsg)

constexpr const char *fileName = "secrets.json";
constexpr const char *movedName = "secrets-moved.json";

Result<std::optional<std::string>> valueIn(FileKeyStore &file, const std::string &name)
{
    Result<std::optional<std::string>> value;
    file.read(name, [&value](Result<std::optional<std::string>> answer) { value = std::move(answer); });
    return value;
}

Error away()
{
    return {Error::Kind::Local,
            0,
            "it is in the desktop's key store, which is not there now; start within your desktop session, or enter "
            "the key again",
            {}};
}

} // namespace

KeyPlaces::KeyPlaces(std::unique_ptr<KeyStore> desktop, const std::filesystem::path &directory)
    : m_file(directory / fileName), m_moved(directory / movedName), m_desktop(std::move(desktop))
{
    move();
}

bool KeyPlaces::hasMoved(const std::filesystem::path &directory)
{
    const auto names = FileKeyStore(directory / movedName).names();
    return names && !names->empty();
}

void KeyPlaces::move()
{
    const auto names = m_desktop ? m_file.names() : std::vector<std::string>();
    if (!names) {
        qCWarning(logKeys, "keys cannot be moved: %s", names.error().message.c_str());
        return;
    }
    m_isLeft = false;
    for (const std::string &name : *names) {
        const auto value = valueIn(m_file, name);
        if (!value || !*value) // changed by another hand since
            continue;
        ++m_moving;
        m_desktop->write(name, **value, [this, name](Result<> kept) {
            --m_moving;
            if (kept) {
                note(name);
                kept = takeOut(name);
            }
            if (!kept) {
                m_isLeft = true;
                qCWarning(logKeys, "a key stays in its file: %s", kept.error().message.c_str());
            }
        });
    }
}

/// The desktop's store has answered: it may take what it refused before.
void KeyPlaces::onWorks()
{
    if (m_isLeft && m_moving == 0)
        move();
}

void KeyPlaces::read(const std::string &name, std::function<void(Result<std::optional<std::string>>)> then)
{
    const auto inFile = valueIn(m_file, name);
    if (inFile && *inFile)
        return then(inFile);
    if (!m_desktop) {
        if (inFile && isNoted(name))
            return then(failure(away()));
        return then(inFile);
    }
    m_desktop->read(name, [this, name, inFile, then = std::move(then)](Result<std::optional<std::string>> answer) {
        if (answer && *answer)
            note(name);
        const bool isDoubtful = answer && !*answer && !inFile; // the damaged file may have held it
        if (answer)
            onWorks();
        then(isDoubtful ? inFile : std::move(answer));
    });
}

void KeyPlaces::write(const std::string &name, const std::string &secret, std::function<void(Result<>)> then)
{
    if (!m_desktop)
        return m_file.write(name, secret, std::move(then));
    m_desktop->write(name, secret, [this, name, then = std::move(then)](const Result<> &kept) {
        if (!kept)
            return then(kept);
        note(name);
        const auto out = takeOut(name); // it would win at the next start
        onWorks();
        then(out);
    });
}

void KeyPlaces::remove(const std::string &name, std::function<void(Result<>)> then)
{
    if (const auto out = takeOut(name); !out)
        return then(out);
    if (!m_desktop)
        return then(isNoted(name) ? Result<>(failure(away())) : Result<>{});
    m_desktop->remove(name, [this, name, then = std::move(then)](const Result<> &gone) {
        if (gone)
            forget(name);
        then(gone);
    });
}

void KeyPlaces::note(const std::string &name)
{
    if (isNoted(name))
        return;
    m_moved.write(name, description(), [](const Result<> &kept) {
        if (!kept)
            qCWarning(logKeys, "the list of keys cannot be written: %s", kept.error().message.c_str());
    });
}

void KeyPlaces::forget(const std::string &name)
{
    m_moved.remove(name, [](const Result<> &kept) {
        if (!kept)
            qCWarning(logKeys, "the list of keys cannot be written: %s", kept.error().message.c_str());
    });
}

bool KeyPlaces::isNoted(const std::string &name)
{
    const auto place = valueIn(m_moved, name);
    return place && *place;
}

Result<> KeyPlaces::takeOut(const std::string &name)
{
    Result<> done;
    m_file.remove(name, [&done](Result<> answer) { done = std::move(answer); });
    return done;
}

std::string KeyPlaces::description() const
{
    return m_desktop ? m_desktop->description() : m_file.description();
}

} // namespace sandglass::app
