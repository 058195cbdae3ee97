#pragma once

#include <QString>

namespace sandglass::models {
class CostTableModel;
}

namespace sandglass::ui {

/// The names of the columns, as a record.
[[nodiscard]] QString costCsvHeader();
/// A record for each row of the table. Amounts have twelve decimals and add up to the total rounded to as many, however
/// many rows there are: what rounding takes from one row goes to the next.
[[nodiscard]] QString costCsv(const models::CostTableModel &table);

} // namespace sandglass::ui
