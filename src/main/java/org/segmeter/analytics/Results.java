package org.segmeter.analytics;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/** The values of all scorecards as rows. */
@Component
public final class Results {

    private static final int FETCHED_AT_ONCE = 2000;
    private static final byte VERSION = 1;

    private final ValueRows rows;
    private final TransactionTemplate reading;

    Results(ValueRows rows, PlatformTransactionManager transactions) {
        this.rows = rows;
        reading = new TransactionTemplate(transactions);
        reading.setReadOnly(true);
        reading.setIsolationLevel(TransactionDefinition.ISOLATION_REPEATABLE_READ);
    }

    /**
     * A page, newest evaluations first.
     *
     * @param next the cursor of the next page; null on the last one
     */
    public record Page(List<ResultRow> rows, @Nullable String next) {}

    /**
     * @param cursor of the page before; null for the first page
     * @throws InvalidQuery if the cursor was not made here
     */
    public Page page(ResultFilter filter, @Nullable String cursor, int limit) throws InvalidQuery {
        ValueRows.Position after = null;
        if (cursor != null) {
            after = decode(cursor).orElseThrow(() -> new InvalidQuery("cursor", "was not made by this service"));
        }
        List<ResultRow> found = rows.page(filter, after, limit + 1);
        if (found.size() <= limit) {
            return new Page(found, null);
        }
        List<ResultRow> page = found.subList(0, limit);
        ResultRow last = page.getLast();
        return new Page(
                page,
                encode(new ValueRows.Position(
                        last.at(), last.evaluation(), last.index(), last.metric(), last.parameters())));
    }

    /** All rows, at flat memory and as of one moment. */
    public void all(ResultFilter filter, Consumer<ResultRow> row) {
        reading.executeWithoutResult(status -> rows.all(filter, FETCHED_AT_ONCE, row));
    }

    private static String encode(ValueRows.Position position) {
        byte[] metric = position.metric().getBytes(StandardCharsets.UTF_8);
        byte[] parameters = position.parameters().getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(1 + 8 + 4 + 16 + 4 + 2 + metric.length + parameters.length)
                .put(VERSION)
                .putLong(position.at().getEpochSecond())
                .putInt(position.at().getNano())
                .putLong(position.evaluation().getMostSignificantBits())
                .putLong(position.evaluation().getLeastSignificantBits())
                .putInt(position.segmentIndex())
                .putShort((short) metric.length)
                .put(metric)
                .put(parameters);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    private static Optional<ValueRows.Position> decode(String cursor) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(cursor));
            if (bytes.remaining() < 35 || bytes.get() != VERSION) {
                return Optional.empty();
            }
            long second = bytes.getLong();
            int nano = bytes.getInt();
            UUID evaluation = new UUID(bytes.getLong(), bytes.getLong());
            int segment = bytes.getInt();
            int length = bytes.getShort();
            if (second < 0
                    || second >= 253_402_300_800L
                    || nano < 0
                    || nano >= 1_000_000_000
                    || length < 0
                    || length > bytes.remaining()) {
                return Optional.empty();
            }
            byte[] metric = new byte[length];
            bytes.get(metric);
            byte[] parameters = new byte[bytes.remaining()];
            bytes.get(parameters);
            String names = new String(metric, StandardCharsets.UTF_8);
            String values = new String(parameters, StandardCharsets.UTF_8);
            return names.indexOf('\0') >= 0 || values.indexOf('\0') >= 0
                    ? Optional.empty()
                    : Optional.of(new ValueRows.Position(
                            Instant.ofEpochSecond(second, nano), evaluation, segment, names, values));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
