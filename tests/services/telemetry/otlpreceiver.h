#pragma once

#include "services/core/json.h"
#include "services/http/server.h"

#include <QtGlobal>

#include <algorithm>
#include <cctype>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace sandglass::test {

/// A real OTLP/HTTP receiver on loopback that takes nothing but the JSON mapping of the specification.
class OtlpReceiver final
{
public:
    struct Span
    {
        std::string traceId, spanId, parentSpanId, name;
        int kind = 0, status = 0;
        std::int64_t start = 0, end = 0;
        std::map<std::string, std::string> attributes; ///< every value as text
        Json json;
    };

    OtlpReceiver() : m_handler(std::make_shared<Handler>()), m_server(m_io.context(), m_handler, {})
    {
        if (!m_server.listen())
            qFatal("the receiver does not listen");
    }
    ~OtlpReceiver() { m_io.stop(); }

    [[nodiscard]] std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(m_server.port()); }
    /// The next answers; afterwards 200 again. Status 0 = none at all.
    void script(std::deque<http::Response> answers)
    {
        const std::lock_guard lock(m_handler->mutex);
        m_handler->answers = std::move(answers);
    }
    [[nodiscard]] std::vector<Span> spans() const
    {
        const std::lock_guard lock(m_handler->mutex);
        return m_handler->spans;
    }
    [[nodiscard]] std::vector<http::Request> requests() const
    {
        const std::lock_guard lock(m_handler->mutex);
        return m_handler->requests;
    }
    [[nodiscard]] std::string faults() const ///< what breaks the specification; empty = all is well
    {
        const std::lock_guard lock(m_handler->mutex);
        return m_handler->faults;
    }
    [[nodiscard]] std::uint64_t connections() const { return m_server.statistics().connections; }

private:
    struct Handler final : http::Handler
    {
        http::Admission admit(const http::RequestHead &) override
        {
            http::Admission admission;
            admission.bodyLimit = 16U << 20;
            return admission;
        }
        void handle(http::Request request, std::shared_ptr<http::BodySink>,
                    std::shared_ptr<http::Exchange> exchange) override
        {
            const std::lock_guard lock(mutex);
            requests.push_back(request);
            http::Response answer = http::Response::json(200, "{}");
            if (!answers.empty()) {
                answer = std::move(answers.front());
                answers.pop_front();
            }
            if (answer.status == 0) {
                silent.push_back(std::move(exchange)); // held until the end
                return;
            }
            if (answer.status == 200)
                take(request);
            exchange->respond(std::move(answer));
        }

        void require(bool isRight, const std::string &what)
        {
            if (!isRight)
                faults += what + "\n";
        }
        static bool isHex(const std::string &text, std::size_t size)
        {
            return text.size() == size
                && std::ranges::all_of(text, [](char c) { return std::isdigit(c) != 0 || (c >= 'a' && c <= 'f'); });
        }
        std::int64_t nanoseconds(const Json &span, const char *name)
        {
            require(span.contains(name) && span[name].is_string(), std::string(name) + " is no text");
            return std::strtoll(stringOr(span, name).c_str(), nullptr, 10);
        }
        std::map<std::string, std::string> attributes(const Json &list)
        {
            std::map<std::string, std::string> out;
            for (const Json &attribute : list) {
                const Json &value = memberOr(attribute, "value");
                require(value.is_object() && value.size() == 1, "a value is no oneof");
                const std::string type = value.items().begin().key();
                const Json inner = value.items().begin().value();
                require((type == "stringValue" && inner.is_string()) || (type == "intValue" && inner.is_string())
                            || (type == "doubleValue" && inner.is_number())
                            || (type == "boolValue" && inner.is_boolean()),
                        "a value has the wrong type: " + value.dump());
                out[stringOr(attribute, "key")] = inner.is_string() ? inner.get<std::string>() : inner.dump();
            }
            return out;
        }
        void take(const http::Request &request)
        {
            require(request.method == "POST" && request.path == "/v1/traces", "posted to " + request.path);
            require(request.header("content-type") == "application/json", "not sent as JSON");
            const Json body = Json::parse(request.body, nullptr, false);
            require(body.is_object() && body.contains("resourceSpans"), "no resourceSpans");
            const Json &all = memberOr(body, "resourceSpans");
            for (const Json &part : all) {
                resource = attributes(memberOr(memberOr(part, "resource"), "attributes"));
                require(!resource["service.name"].empty(), "no service.name");
                const Json &scopes = memberOr(part, "scopeSpans");
                for (const Json &scope : scopes) {
                    require(!stringOr(memberOr(scope, "scope"), "name").empty(), "no scope");
                    const Json &list = memberOr(scope, "spans");
                    for (const Json &json : list)
                        takeSpan(json);
                }
            }
        }
        void takeSpan(const Json &json)
        {
            Span span{stringOr(json, "traceId"),
                      stringOr(json, "spanId"),
                      stringOr(json, "parentSpanId"),
                      stringOr(json, "name"),
                      static_cast<int>(intOr(json, "kind")),
                      static_cast<int>(intOr(memberOr(json, "status"), "code")),
                      nanoseconds(json, "startTimeUnixNano"),
                      nanoseconds(json, "endTimeUnixNano"),
                      attributes(memberOr(json, "attributes")),
                      json};
            require(isHex(span.traceId, 32), "traceId is not hex: " + span.traceId);
            require(isHex(span.spanId, 16), "spanId is not hex: " + span.spanId);
            require(span.parentSpanId.empty() || isHex(span.parentSpanId, 16), "parentSpanId is not hex");
            require(span.kind >= 1 && span.kind <= 5, "kind is none");
            require(span.end >= span.start && span.start > 1'000'000'000'000'000'000, "times are none");
            require(known.insert(span.spanId).second, "a span came twice: " + span.name);
            spans.push_back(std::move(span));
        }

        mutable std::mutex mutex;
        std::deque<http::Response> answers;
        std::vector<http::Request> requests;
        std::vector<Span> spans;
        std::set<std::string> known;
        std::map<std::string, std::string> resource;
        std::vector<std::shared_ptr<http::Exchange>> silent;
        std::string faults;
    };

    std::shared_ptr<Handler> m_handler;
    http::IoThread m_io{"otlp"};
    http::Server m_server;
};

} // namespace sandglass::test
