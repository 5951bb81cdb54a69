package org.segmeter.evaluation;

import java.security.SecureRandom;
import java.util.UUID;

/**
 * Names of evaluations: UUIDs of version 7 (RFC 9562, section 5.7), which begin with the time in milliseconds. Rows that are written one after
 * the other then lie side by side in every index on them, however many there are; the other 74 bits are random, so nobody can guess one.
 */
final class EvaluationId {

    private static final SecureRandom RANDOM = new SecureRandom();

    private EvaluationId() {}

    static UUID next() {
        byte[] random = new byte[10];
        RANDOM.nextBytes(random);
        long high = (random[0] & 0x0FL) << 8 | random[1] & 0xFFL;
        long low = 0;
        for (int i = 2; i < 10; i++) {
            low = low << 8 | random[i] & 0xFFL;
        }
        return new UUID(
                System.currentTimeMillis() << 16 | 0x7000 | high,
                low & 0x3FFF_FFFF_FFFF_FFFFL | 0x8000_0000_0000_0000L);
    }
}
