package org.segmeter.evaluation;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;

/**
 * A place in the chain of results.
 *
 * @param sequence from 1, without gaps
 * @param kind of what
 * @param scorecardSha256 digest of the result that was stored or removed
 * @param at when that was
 * @param previousSha256 digest of the link before; 64 zeros for the first
 * @param sha256 digest of this link, as it is stored
 */
record ResultLink(
        long sequence,
        Kind kind,
        UUID evaluation,
        String scorecardSha256,
        Instant at,
        String previousSha256,
        String sha256) {

    /** Digest of what is before the first link. */
    static final String NOTHING = "0".repeat(64);

    enum Kind {
        RESULT,
        REMOVAL
    }

    /** The next link after one of this number and digest. */
    static ResultLink after(
            long sequence, String previousSha256, Kind kind, UUID evaluation, String scorecardSha256, Instant at) {
        ResultLink open = new ResultLink(sequence + 1, kind, evaluation, scorecardSha256, at, previousSha256, "");
        return new ResultLink(
                sequence + 1, kind, evaluation, scorecardSha256, at, previousSha256, open.computedSha256());
    }

    /**
     * The digest that the link must have: the SHA-256 of its members in this order, with a line feed after each. The time is counted in
     * microseconds since 1970, as the database keeps it.
     */
    String computedSha256() {
        String text = sequence + "\n" + kind + "\n" + evaluation + "\n" + scorecardSha256 + "\n"
                + ChronoUnit.MICROS.between(Instant.EPOCH, at) + "\n" + previousSha256 + "\n";
        return Submission.sha256(text.getBytes(StandardCharsets.UTF_8));
    }
}
