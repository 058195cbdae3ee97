#include "services/lifecycle/transfercsv.h"

namespace sandglass::lifecycle {

CsvReader::Outcome CsvReader::next(std::vector<std::string> &fields)
{
    for (;;) {
        const Outcome outcome = readRow(fields);
        if (outcome != Outcome::Row || fields.size() > 1 || !fields.front().empty())
            return outcome;
    }
}

CsvReader::Outcome CsvReader::readRow(std::vector<std::string> &fields)
{
    fields.clear();
    std::string field;
    std::size_t size = 0;
    bool isQuoted = false, hasAny = false;
    const auto take = [&](char c) {
        if (++size <= rowLimit)
            field += c;
    };
    auto *buffer = m_stream.rdbuf();
    for (;;) {
        const int c = buffer->sbumpc();
        if (c == std::char_traits<char>::eof()) {
            if (isQuoted)
                return Outcome::OpenQuote;
            if (!hasAny)
                return Outcome::End;
            break;
        }
        hasAny = true;
        if (c == '\n')
            ++m_line;
        if (isQuoted) {
            if (c != '"')
                take(static_cast<char>(c));
            else if (buffer->sgetc() == '"')
                take(static_cast<char>(buffer->sbumpc()));
            else
                isQuoted = false;
        } else if (c == '"' && field.empty()) {
            isQuoted = true;
        } else if (c == ',') {
            fields.push_back(std::move(field));
            field.clear();
        } else if (c == '\n') {
            break;
        } else if (c != '\r') {
            take(static_cast<char>(c));
        }
    }
    fields.push_back(std::move(field));
    return size > rowLimit ? Outcome::TooLong : Outcome::Row;
}

void appendCsvRow(std::string &text, const std::vector<std::string> &fields, bool isForPeople)
{
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::string &field = fields[i];
        if (i > 0)
            text += ',';
        const bool isFormula =
            isForPeople && !field.empty() && std::string_view("=+-@\t").find(field[0]) != std::string_view::npos;
        if (!isFormula && field.find_first_of(",\"\r\n") == std::string::npos) {
            text += field;
            continue;
        }
        text += isFormula ? "\"'" : "\"";
        for (const char c : field)
            text.append(c == '"' ? 2 : 1, c);
        text += '"';
    }
    text += "\r\n";
}

} // namespace sandglass::lifecycle
