#include "services/e2b/callbackposter.h"

#include "services/e2b/pending.h"
#include "services/net/httpclient.h"

#include <memory>

namespace sandglass::e2b {

lifecycle::CallbackPoster callbackPoster()
{
    return [http = std::make_shared<net::HttpClient>()](const lifecycle::CallbackPost &post) {
        net::HttpRequest request;
        request.method = "POST";
        request.url = post.url;
        request.headers = post.headers;
        request.body = post.body;
        request.timeout = post.timeout;
        request.bodyLimit = 1U << 20;
        return converted<int>(http->send(request), http.get(),
                              [](const Result<net::HttpResponse> &answer) -> Result<int> {
                                  return answer ? Result<int>(answer->status) : failure(answer.error());
                              });
    };
}

} // namespace sandglass::e2b
