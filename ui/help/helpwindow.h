#pragma once

#include <QWidget>

class QListWidget;
class QTextBrowser;

namespace sandglass::ui {

/// The built-in help: a topic for each page, from resources/help/KEY.md. A window beside the main one.
class HelpWindow final : public QWidget
{
    Q_OBJECT
public:
    struct Topic
    {
        QString key; ///< as PageEntry's
        QString title;
    };
    explicit HelpWindow(const QList<Topic> &topics, QWidget *parent = nullptr);

    void showTopic(const QString &key); ///< no effect when there is none

private:
    void load(const QString &key);
    void follow(const QUrl &link);

    QListWidget *m_topics;
    QTextBrowser *m_text;
};

} // namespace sandglass::ui
