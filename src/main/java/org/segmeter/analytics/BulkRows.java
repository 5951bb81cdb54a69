package org.segmeter.analytics;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.PGCopyInputStream;

/**
 * The rows of a query as the database sends them in bulk, which costs it and this side a fraction of what rows of a result set do: {@code
 * COPY ... TO STDOUT (FORMAT binary)} (PostgreSQL's documentation, "COPY", File Formats). Fields are taken one after the other.
 */
final class BulkRows implements AutoCloseable {

    private static final int BUFFER = 1 << 16;

    /** Signature, flags, and the length of what follows the header, which is nothing. */
    private static final int HEADER = 11 + 4 + 4;

    /** Instead of a number of fields. */
    private static final int END = -1;

    private static final int NULL = -1;

    /** Between the beginnings of Unix time and of the database's, microseconds. */
    private static final long MICROS_1970_TO_2000 = 946_684_800_000_000L;

    private final InputStream in;
    private byte[] bytes = new byte[BUFFER];
    private ByteBuffer numbers = ByteBuffer.wrap(bytes);
    private int at;
    private int end;

    /** @param query without parameters; nothing in it may come from a sender */
    BulkRows(Connection connection, String query) throws SQLException {
        in = new PGCopyInputStream(
                connection.unwrap(PGConnection.class), "copy (" + query + ") to stdout (format binary)");
        try {
            need(HEADER);
        } catch (SQLException e) {
            try {
                close();
            } catch (SQLException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
        at += HEADER;
    }

    /** Moves to the next row; false if there is none. */
    boolean next() throws SQLException {
        need(2);
        short fields = numbers.getShort(at);
        at += 2;
        return fields != END;
    }

    /** The length of a field in bytes, all of which are there then; {@link #NULL} if it is null. */
    private int length() throws SQLException {
        need(4);
        int length = numbers.getInt(at);
        at += 4;
        if (length > 0) {
            need(length);
        }
        return length;
    }

    private int field(int bytesOfType) throws SQLException {
        return taken(length(), bytesOfType);
    }

    /** Where a field of a type of fixed size begins. */
    private int taken(int length, int bytesOfType) throws SQLException {
        if (length != bytesOfType) {
            throw new SQLException("a field has " + length + " bytes where there should be " + bytesOfType);
        }
        at += length;
        return at - length;
    }

    UUID uuid() throws SQLException {
        int from = field(16);
        return new UUID(numbers.getLong(from), numbers.getLong(from + 8));
    }

    /** An {@code integer} that is not null. */
    int integer() throws SQLException {
        return numbers.getInt(field(4));
    }

    @Nullable
    Integer integerOrNull() throws SQLException {
        int length = length();
        if (length == NULL) {
            return null;
        }
        return numbers.getInt(taken(length, 4));
    }

    /** A {@code double precision}; NaN if it is null. */
    double number() throws SQLException {
        int length = length();
        if (length == NULL) {
            return Double.NaN;
        }
        return numbers.getDouble(taken(length, 8));
    }

    /** A {@code timestamptz}, in microseconds since 1970. */
    long micros() throws SQLException {
        return numbers.getLong(field(8)) + MICROS_1970_TO_2000;
    }

    @Nullable
    String text() throws SQLException {
        int length = length();
        if (length == NULL) {
            return null;
        }
        at += length;
        return new String(bytes, at - length, length, StandardCharsets.UTF_8);
    }

    private void need(int count) throws SQLException {
        if (end - at >= count) {
            return;
        }
        byte[] to = bytes.length >= count ? bytes : new byte[count];
        System.arraycopy(bytes, at, to, 0, end - at);
        end -= at;
        at = 0;
        if (to != bytes) {
            bytes = to;
            numbers = ByteBuffer.wrap(bytes);
        }
        try {
            while (end < count) {
                int read = in.read(bytes, end, bytes.length - end);
                if (read < 0) {
                    throw new SQLException("the database sent less than it announced");
                }
                end += read;
            }
        } catch (IOException e) {
            throw e.getCause() instanceof SQLException cause ? cause : new SQLException(e);
        }
    }

    /** Tells the database to stop, if there is more. */
    @Override
    public void close() throws SQLException {
        try {
            in.close();
        } catch (IOException e) {
            throw e.getCause() instanceof SQLException cause ? cause : new SQLException(e);
        }
    }
}
