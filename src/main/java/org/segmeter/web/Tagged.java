package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.function.Supplier;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;

/** Answers with an entity tag (RFC 9110, 8.8.3): what a client has already is neither made nor sent again. */
final class Tagged {

    /** May be kept by whoever asked, who asks each time whether it is still so. */
    static final String ASK_AGAIN = "private, no-cache";

    private Tagged() {}

    /**
     * 304 if the client says that it has the answer of this tag.
     *
     * @param tag with its quotation marks
     * @param answer the whole one, which has the tag
     */
    static ResponseEntity<byte[]> unlessKnown(
            HttpServletRequest http, String tag, Supplier<ResponseEntity<byte[]>> answer) {
        for (String known : Collections.list(http.getHeaders(HttpHeaders.IF_NONE_MATCH))) {
            if (known.contains(tag) || known.strip().equals("*")) {
                return ResponseEntity.status(304)
                        .header(HttpHeaders.ETAG, tag)
                        .header(HttpHeaders.CACHE_CONTROL, ASK_AGAIN)
                        .build();
            }
        }
        return answer.get();
    }
}
