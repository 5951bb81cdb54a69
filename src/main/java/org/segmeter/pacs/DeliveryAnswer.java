package org.segmeter.pacs;

/** How a destination took what was sent to it, whatever the protocol. */
public sealed interface DeliveryAnswer {

    record Taken() implements DeliveryAnswer {}

    /**
     * Not now; the same may work later.
     *
     * @param reason in words, without anything of a patient
     */
    record NotNow(String reason) implements DeliveryAnswer {}

    /**
     * Never: the destination understood, and does not want it.
     *
     * @param reason in words, without anything of a patient
     */
    record Refused(String reason) implements DeliveryAnswer {}
}
