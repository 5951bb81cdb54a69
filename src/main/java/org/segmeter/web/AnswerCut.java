package org.segmeter.web;

/** An answer that had begun could not be finished; its client must not take what it has for the whole. */
final class AnswerCut extends RuntimeException {

    AnswerCut(Throwable cause) {
        super("the answer broke off", cause);
    }
}
