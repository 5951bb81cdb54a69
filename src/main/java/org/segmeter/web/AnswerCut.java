package org.segmeter.web;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import org.springframework.web.context.request.async.AsyncRequestNotUsableException;

/** An answer that had begun could not be finished; its client must not take what it has for the whole. */
final class AnswerCut extends RuntimeException {

    private AnswerCut(Throwable cause) {
        super("the answer broke off", cause);
    }

    /** What an answer is written with. */
    interface Writing {
        void to(OutputStream out) throws IOException;
    }

    /**
     * Writes an answer piece by piece. Whatever fails, it is not ended as if it were whole: before anything was sent the failure is
     * answered, and afterwards the connection is cut.
     */
    static void orWhole(HttpServletResponse answer, Writing writing) throws IOException {
        try {
            OutputStream out = answer.getOutputStream(); // not closed on failure: that would end the answer
            writing.to(out);
            out.flush();
        } catch (AsyncRequestNotUsableException e) {
            throw e; // the client is gone
        } catch (IOException | RuntimeException e) {
            if (answer.isCommitted()) {
                throw new AnswerCut(e);
            }
            answer.resetBuffer();
            throw e;
        }
    }
}
