package org.segmeter.web;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.Arrays;
import java.util.Collection;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.LoggerFactory;

/** All that is logged in this JVM until it is closed, and of this service itself all that it can say, with what is beside the message. */
final class LogLines extends AppenderBase<ILoggingEvent> implements AutoCloseable {

    private final ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final Logger own = (Logger) LoggerFactory.getLogger("org.segmeter");
    private final Level level = own.getLevel();

    private LogLines() {}

    static LogLines listen() {
        LogLines lines = new LogLines();
        lines.start();
        lines.root.addAppender(lines);
        // What is more than usual need not be printed.
        lines.own.setLevel(Level.TRACE);
        lines.own.setAdditive(false);
        lines.own.addAppender(lines);
        return lines;
    }

    Collection<String> all() {
        return lines;
    }

    @Override
    protected void append(ILoggingEvent event) {
        lines.add(event.getFormattedMessage() + " " + event.getMDCPropertyMap() + " "
                + Arrays.toString(event.getArgumentArray()) + " " + event.getThreadName()
                + (event.getThrowableProxy() == null ? "" : ThrowableProxyUtil.asString(event.getThrowableProxy())));
    }

    @Override
    public void close() {
        root.detachAppender(this);
        own.detachAppender(this);
        own.setAdditive(true);
        own.setLevel(level);
    }
}
