#include "ui/settings/keyedlistsection.h"

#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"

#include <QAbstractItemModel>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPushButton>
#include <QVBoxLayout>

namespace sandglass::ui {

namespace {

constexpr int leastListWidth = 190;

/// "save" and "model" make "saveModel".
QString actionName(const QString &action, const QString &entry)
{
    return action + entry.left(1).toUpper() + entry.mid(1);
}

} // namespace

KeyedListSection::KeyedListSection(const QString &heading, const QString &sentence, QAbstractItemModel &entries,
                                   const QString &entry, const QString &addText, QWidget *parent)
    : Section(heading, sentence, parent)
    , m_list(new QListView(this))
    , m_key(new QLineEdit(this))
    , m_add(makeButton(addText, actionName(QStringLiteral("add"), entry), this))
    , m_test(makeButton(tr("Test"), actionName(QStringLiteral("test"), entry), this))
    , m_save(makeButton(tr("Save"), actionName(QStringLiteral("save"), entry), this))
    , m_remove(makeDangerButton(tr("Remove"), actionName(QStringLiteral("remove"), entry), this))
    , m_entry(entry)
    , m_listSide(new QVBoxLayout)
    , m_form(new QFormLayout)
    , m_notes(new QVBoxLayout)
    , m_buttons(new QHBoxLayout)
    , m_problem(makeText("error"))
    , m_result(makeText("muted"))
{
    m_list->setModel(&entries);
    auto *columns = new QHBoxLayout;
    columns->setSpacing(metrics::pageMargin);
    columns->addWidget(buildList(heading), 2);
    columns->addWidget(buildForm(), 5);
    body()->addLayout(columns);
}

QWidget *KeyedListSection::buildList(const QString &heading)
{
    auto *side = new QWidget(this);
    side->setLayout(m_listSide);
    m_listSide->setContentsMargins(0, 0, 0, 0);
    m_list->setObjectName(m_entry + QStringLiteral("List"));
    m_list->setAccessibleName(heading);
    m_list->setMinimumWidth(leastListWidth);
    m_listSide->addWidget(m_list);
    m_listSide->addWidget(m_add, 0, Qt::AlignLeft);
    m_listSide->addStretch();
    return side;
}

QWidget *KeyedListSection::buildForm()
{
    auto *side = new QWidget(this);
    auto *layout = new QVBoxLayout(side);
    layout->setContentsMargins(0, 0, 0, 0);
    m_form->setVerticalSpacing(metrics::gap);
    m_form->setHorizontalSpacing(metrics::cardGap);
    m_form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    m_key->setEchoMode(QLineEdit::Password);
    m_problem->setObjectName(m_entry + QStringLiteral("Problem"));
    m_problem->setWordWrap(true);
    m_problem->hide();
    m_result->setObjectName(m_entry + QStringLiteral("Result"));
    m_result->setWordWrap(true);
    m_result->setTextFormat(Qt::PlainText); // holds what a server says
    for (QPushButton *button : {m_test, m_save, m_remove})
        m_buttons->addWidget(button);
    m_buttons->addStretch();
    layout->addLayout(m_form);
    layout->addLayout(m_notes);
    layout->addWidget(m_problem);
    layout->addLayout(m_buttons);
    layout->addWidget(m_result);
    layout->addStretch();
    return side;
}

void KeyedListSection::addField(const QString &label, QWidget *field, const QString &part)
{
    field->setObjectName(m_entry + part);
    field->setAccessibleName(label);
    m_form->addRow(makeText("muted", label), field);
}

void KeyedListSection::addNote(QLabel *note)
{
    note->setWordWrap(true);
    m_notes->addWidget(note);
}

void KeyedListSection::insertButton(QPushButton *button)
{
    m_buttons->insertWidget(m_buttons->indexOf(m_test), button);
}

void KeyedListSection::addToList(QWidget *widget)
{
    widget->setMinimumWidth(leastListWidth);
    m_listSide->insertWidget(0, widget);
}

void KeyedListSection::begin(int row)
{
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex &current) {
        m_isNew = m_isNew && !current.isValid();
        if (current.isValid())
            showCurrent();
    });
    connect(m_list->model(), &QAbstractItemModel::dataChanged, this, [this] { showStatus(); });
    connect(m_list->model(), &QAbstractItemModel::rowsRemoved, this, [this] {
        if (m_list->model()->rowCount() == 0)
            startNew();
    });
    connect(m_add, &QPushButton::clicked, this, [this] { startNew(); });
    connect(m_test, &QPushButton::clicked, this, [this] { test(currentId()); });
    connect(m_save, &QPushButton::clicked, this, [this] { save(); });
    connect(m_remove, &QPushButton::clicked, this, [this] { remove(currentId()); });
    if (m_list->model()->rowCount() > 0)
        choose(row);
    else
        startNew();
}

QString KeyedListSection::currentId() const
{
    return m_isNew ? QString() : m_list->currentIndex().data(Qt::UserRole).toString();
}

void KeyedListSection::choose(int row)
{
    m_isNew = false;
    m_list->setCurrentIndex(m_list->model()->index(row, 0));
    showCurrent();
}

void KeyedListSection::chooseNone()
{
    m_isNew = true;
    m_list->clearSelection();
    m_list->setCurrentIndex({});
    m_key->clear();
    showProblem();
    showStatus();
}

void KeyedListSection::showProblem(const QString &text)
{
    m_problem->setText(text);
    m_problem->setVisible(!text.isEmpty());
}

void KeyedListSection::showKeyProblem(const QString &reason)
{
    showProblem(tr("The key store says: %1").arg(reason));
}

void KeyedListSection::showTest(const QString &text, const QString &role)
{
    m_result->setText(text);
    m_result->setVisible(!text.isEmpty());
    setLook(m_result, "role", role);
}

} // namespace sandglass::ui
