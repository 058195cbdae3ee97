#include "ui/costs/costcsv.h"

#include "models/costs/costtablemodel.h"
#include "ui/costs/csv.h"

namespace sandglass::ui {

using models::CostTableModel;

namespace {

QString groupingOf(const CostTableModel &table)
{
    switch (table.grouping()) {
    case CostTableModel::Grouping::Template:
        return QStringLiteral("template");
    case CostTableModel::Grouping::Sandbox:
        return QStringLiteral("sandbox");
    case CostTableModel::Grouping::Day:
        return QStringLiteral("day");
    case CostTableModel::Grouping::Metadata:
        break;
    }
    return QStringLiteral("metadata:") + table.key();
}

} // namespace

QString costCsvHeader()
{
    return csvRecord({QStringLiteral("grouping"), QStringLiteral("name"), QStringLiteral("usd"),
                      QStringLiteral("running_ms"), QStringLiteral("count"), QStringLiteral("figure")});
}

QString costCsv(const CostTableModel &table)
{
    QString text;
    Money exact, written;
    for (int row = 0; row < table.rowCount(); ++row) {
        const QModelIndex first = table.index(row, CostTableModel::NameColumn);
        QString amount;
        if (const auto money = table.amountOf(row)) {
            exact += *money;
            const Money rounded = Money::fromPicoDollars((exact - written).toPicoDollars());
            written += rounded;
            amount = QString::fromStdString(rounded.toFixed(12));
        }
        text += csvRecord({groupingOf(table), first.data().toString(), amount,
                           first.data(CostTableModel::RuntimeMsRole).toString(),
                           table.index(row, CostTableModel::CountColumn).data().toString(),
                           table.index(row, CostTableModel::CertaintyColumn).data().toString()});
    }
    return text;
}

} // namespace sandglass::ui
