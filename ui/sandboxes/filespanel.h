#pragma once

#include <QWidget>

class QLabel;

namespace sandglass::models {
class FileCheck;
struct FileRecord;
} // namespace sandglass::models

namespace sandglass::ui {

class DiffView;

/// What lay in a sandbox's home before a pause and what after the resume.
class FilesPanel final : public QWidget
{
    Q_OBJECT
public:
    explicit FilesPanel(models::FileCheck &check, QWidget *parent = nullptr); ///< which must outlive it

    void setSandbox(const QString &id);

    static constexpr std::size_t mostRows = 1'000;

protected:
    void showEvent(QShowEvent *event) override;

private:
    void update();
    [[nodiscard]] QString words(const models::FileRecord *record) const;
    void showDifference(const models::FileRecord *record);

    models::FileCheck &m_check;
    QString m_id;
    QLabel *m_words;
    DiffView *m_view;
};

} // namespace sandglass::ui
