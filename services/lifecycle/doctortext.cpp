#include "services/lifecycle/doctor.h"

#include <algorithm>
#include <array>

namespace sandglass::lifecycle {

namespace {

struct Text
{
    Mistake mistake;
    std::string_view name;
    std::string_view sentence; ///< '%' stands for the detail
};

constexpr std::array<Text, mistakeCount> texts{{
    {Mistake::None, "none", "The signature is correct."},
    {Mistake::UrlSafeAlphabet, "url_safe_alphabet",
     "The signature is correct, in the URL-safe alphabet (- and _ for + and /); it is accepted."},
    {Mistake::PaddedBase64, "padded_base64",
     "The digest is correct, but its base64 ends with '='. E2B sends 43 characters without padding."},
    {Mistake::HexDigest, "hex_digest",
     "The digest is correct, but written in hex. E2B sends it in base64 without padding."},
    {Mistake::Base64OfHex, "base64_of_hex",
     "The base64 holds the hex text of the digest. Encode the 32 bytes of the digest themselves."},
    {Mistake::PrefixedSignature, "prefixed_signature",
     "The digest is correct, but '%' stands before it. The header holds the digest alone."},
    {Mistake::MissingSignature, "missing_signature",
     "There is no e2b-signature header. The webhook has no secret, or a proxy removes the header."},
    {Mistake::OldHeaderName, "old_header_name", "The signature came in the header %. Its name is e2b-signature."},
    {Mistake::SeveralSignatures, "several_signatures", "There are % e2b-signature headers, where there has to be one."},
    {Mistake::EmptySignature, "empty_signature", "The e2b-signature header is empty."},
    {Mistake::NotSha256, "not_sha256", "The signature is no SHA-256 digest: 32 bytes are 43 characters of base64."},
    {Mistake::Hmac, "hmac",
     "The signature is an HMAC-SHA256 with the right secret. E2B signs with SHA-256(secret + body), not an HMAC."},
    {Mistake::BodyBeforeSecret, "body_before_secret",
     "The signature is SHA-256(body + secret). The secret comes first."},
    {Mistake::BodyOnly, "body_only", "The signature is SHA-256 of the body alone: the sender has no secret."},
    {Mistake::SeparatorAdded, "separator_added",
     "The sender puts '%' between secret and body. Nothing stands between them."},
    {Mistake::SecretWithBlank, "secret_with_blank",
     "The sender's secret has a blank, a quote or a line break too many or too few at an end."},
    {Mistake::OtherSecret, "other_secret",
     "Signed with another secret that is known here (%). Give the webhook the current one, or accept that one again."},
    {Mistake::TrailingBlank, "trailing_blank",
     "The body was signed with other white space at an end (%). Sign and send the same bytes."},
    {Mistake::ByteOrderMark, "byte_order_mark",
     "The body was signed with the byte order mark %. Sign and send the same bytes."},
    {Mistake::LineEndings, "line_endings", "The line ends of the body were changed under way; it was signed with %."},
    {Mistake::ReencodedBody, "reencoded_body",
     "The JSON was written anew between signing and sending; the signature is over the form: %."},
    {Mistake::CompressedBody, "compressed_body",
     "The body arrived compressed (%). The signature is over the plain JSON; switch the compression off."},
    {Mistake::DecodedAsText, "decoded_as_text",
     "The body holds replacement characters: something under way decoded it as text and lost bytes."},
    {Mistake::ChangedByProxy, "changed_by_proxy",
     "The signature fits no known secret, and a proxy has handled the request (%): it may have changed the body."},
    {Mistake::UnknownVersion, "unknown_version", "The signature is of version %; v1 is known."},
    {Mistake::WrongSecret, "wrong_secret",
     "The signature fits no known secret: the webhook has another secret, or the body was changed."},
    {Mistake::NotJson, "not_an_event", "Signed correctly, but not an event: %."},
    {Mistake::ClockDiffers, "clock_differs",
     "Signed correctly, but its own time is % from ours: a replay, a late delivery or a wrong clock."},
    {Mistake::TooLarge, "too_large", "The body is larger than the receiver takes."},
    {Mistake::WrongMethod, "wrong_method", "Sent with %. Deliveries are sent with POST."},
    {Mistake::WrongPath, "wrong_path",
     "Sent to %. The receiver listens at /webhooks/e2b and, for a session, at /webhooks/e2b/NAME, /workflow/NAME or "
     "/generation/NAME."},
}};

constexpr bool isInOrder()
{
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (static_cast<std::size_t>(texts[i].mistake) != i)
            return false;
    }
    return true;
}
static_assert(isInOrder());

} // namespace

std::string_view toString(Mistake mistake)
{
    return texts[static_cast<std::size_t>(mistake)].name;
}

Mistake mistakeFromName(std::string_view name)
{
    const auto it = std::ranges::find(texts, name, &Text::name);
    return it != texts.end() ? it->mistake : Mistake::WrongSecret;
}

std::string explain(const Diagnosis &diagnosis)
{
    const std::string_view sentence = texts[static_cast<std::size_t>(diagnosis.mistake)].sentence;
    const std::size_t mark = sentence.find('%');
    if (mark == sentence.npos)
        return std::string(sentence);
    return std::string(sentence.substr(0, mark))
        .append(diagnosis.detail.empty() ? "unknown" : diagnosis.detail)
        .append(sentence.substr(mark + 1));
}

} // namespace sandglass::lifecycle
