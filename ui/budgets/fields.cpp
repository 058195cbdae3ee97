#include "ui/budgets/fields.h"

#include <QComboBox>
#include <QCoreApplication>
#include <QLineEdit>
#include <QSpinBox>

namespace sandglass::ui {

QLineEdit *makeEdit(const QString &objectName, const QString &name, const QString &hint)
{
    auto *edit = new QLineEdit;
    edit->setObjectName(objectName);
    edit->setAccessibleName(name);
    edit->setPlaceholderText(hint);
    return edit;
}

QComboBox *makeCombo(const QString &objectName, const QString &name, const QStringList &items)
{
    auto *combo = new QComboBox;
    combo->setObjectName(objectName);
    combo->setAccessibleName(name);
    combo->addItems(items);
    return combo;
}

QSpinBox *makeGraceField(const QString &objectName, int mostPixels)
{
    auto *grace = new QSpinBox;
    grace->setObjectName(objectName);
    grace->setAccessibleName(QCoreApplication::translate("BudgetFields", "Grace in seconds"));
    grace->setRange(0, 86'400);
    grace->setSuffix(QCoreApplication::translate("BudgetFields", " s"));
    grace->setMaximumWidth(mostPixels);
    return grace;
}

} // namespace sandglass::ui
