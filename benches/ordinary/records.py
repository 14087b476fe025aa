"""A log: levels, loggers in a tree, filters, formats, most of the records thrown away."""

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Record:
    def __init__(self, name, level, message, arguments):
        self.name = name
        self.level = level
        self.message = message
        self.arguments = arguments

    def text(self):
        return self.message % self.arguments if self.arguments else self.message


class Handler:
    def __init__(self, level, form):
        self.level = level
        self.form = form
        self.lines = []
        self.filters = []

    def handle(self, record):
        if record.level < self.level or not all(accepts(record) for accepts in self.filters):
            return
        values = dict(name=record.name, level=record.level, text=record.text(), count=len(self.lines))
        self.lines.append(self.form % values)


class Logger:
    def __init__(self, name, parent=None, level=0):
        self.name = name
        self.parent = parent
        self.level = level
        self.handlers = []

    def effective_level(self):
        logger = self
        while logger is not None:
            if logger.level:
                return logger.level
            logger = logger.parent
        return 0

    def log(self, level, message, *arguments):
        if level >= self.effective_level():
            record = Record(self.name, level, message, arguments)
            logger = self
            while logger is not None:
                for handler in logger.handlers:
                    handler.handle(record)
                logger = logger.parent

    def debug(self, message, *arguments):
        self.log(LEVELS["debug"], message, *arguments)

    def info(self, message, *arguments):
        self.log(LEVELS["info"], message, *arguments)

    def error(self, message, *arguments, **more):
        self.log(LEVELS["error"], message + more.get("suffix", ""), *arguments)


def work():
    root = Logger("root", level=20)
    application = Logger("root.application", root)
    database = Logger("root.application.database", application, level=30)
    everything = Handler(0, "%(count)05d %(level)d %(name)s: %(text)s")
    errors = Handler(40, "%(name)-30s|%(text)s")
    errors.filters.append(lambda record: "7" in record.text())
    root.handlers += [everything, errors]
    for k in range(6000):
        application.debug("value %d of %s", k, "all")
        database.info("never %s", k)
        if k % 8 == 0:
            application.info("step %d: %.3f", k, k / 7)
        if k % 20 == 0:
            database.error("lost %s", k, suffix="!")
    return sum(map(len, everything.lines)), sum(map(len, errors.lines))
