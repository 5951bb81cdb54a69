package org.segmeter.security;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;

/**
 * Tells the log, which is collected elsewhere, how far the audit trail has come: lines that somebody takes off its end leave a chain that
 * holds, but not one that has the digest that was told ({@code segmeter audit verify --head}).
 */
final class AuditHead {

    private static final Logger log = LoggerFactory.getLogger(AuditHead.class);

    private final AuditTrail trail;
    private String told = "";

    AuditHead(AuditTrail trail) {
        this.trail = trail;
    }

    @Scheduled(initialDelay = 0, fixedDelay = 600_000)
    synchronized void tell() {
        String head = trail.head();
        if (!head.equals(told)) {
            told = head;
            log.info("the audit trail ends with {}", head);
        }
    }
}
