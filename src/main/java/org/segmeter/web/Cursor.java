package org.segmeter.web;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;
import org.segmeter.evaluation.EvaluationQuery;
import org.segmeter.evaluation.ServiceProblem;

/** A place in a list as clients carry it: opaque, of fixed length. */
final class Cursor {

    private static final byte VERSION = 1;
    private static final int LENGTH = 1 + 8 + 4 + 16;

    private Cursor() {}

    static String encode(EvaluationQuery.Position position) {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH)
                .put(VERSION)
                .putLong(position.createdAt().getEpochSecond())
                .putInt(position.createdAt().getNano())
                .putLong(position.id().getMostSignificantBits())
                .putLong(position.id().getLeastSignificantBits());
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    static EvaluationQuery.Position decode(String cursor) {
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(cursor);
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            if (bytes.length == LENGTH && buffer.get() == VERSION) {
                long second = buffer.getLong();
                int nano = buffer.getInt();
                // Years a database can compare; anything else was not made here.
                if (second >= 0 && second < 253_402_300_800L && nano >= 0 && nano < 1_000_000_000) {
                    return new EvaluationQuery.Position(
                            Instant.ofEpochSecond(second, nano), new UUID(buffer.getLong(), buffer.getLong()));
                }
            }
        } catch (IllegalArgumentException e) {
            // falls through to the refusal
        }
        throw new ProblemException(
                ServiceProblem.INVALID_CURSOR, "The parameter 'cursor' was not made by this service.");
    }
}
