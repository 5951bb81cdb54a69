package org.segmeter.web;

import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.tomcat.util.http.InvalidParameterException;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.FullDisk;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.Reasons;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.volume.InputException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.transaction.TransactionException;
import org.springframework.web.ErrorResponse;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.async.AsyncRequestNotUsableException;
import tools.jackson.databind.json.JsonMapper;

/** Every error as a problem document of RFC 9457, whatever the client accepts; no text of an exception is passed on. */
@RestControllerAdvice
final class ProblemAnswers {

    private static final Logger log = LoggerFactory.getLogger(ProblemAnswers.class);

    private final JsonMapper json;

    ProblemAnswers(JsonMapper json) {
        this.json = json;
    }

    @ExceptionHandler
    ResponseEntity<byte[]> problem(ProblemException e) {
        HttpHeaders headers = new HttpHeaders();
        e.headers().forEach(headers::set);
        return answer(e.problem(), headers);
    }

    @ExceptionHandler
    ResponseEntity<byte[]> refused(InputException e) {
        return answer(Problem.of(e), new HttpHeaders());
    }

    @ExceptionHandler({DataAccessException.class, TransactionException.class})
    ResponseEntity<byte[]> database(RuntimeException e) {
        log.warn("the database did not do what was asked: {}", Reasons.describe(e));
        HttpHeaders headers = new HttpHeaders();
        if (FullDisk.is(e)) {
            headers.set(HttpHeaders.RETRY_AFTER, "30");
            return answer(Problem.of(ServiceProblem.INSUFFICIENT_STORAGE, "The database's disk has no room."), headers);
        }
        headers.set(HttpHeaders.RETRY_AFTER, "5");
        return answer(
                Problem.of(ServiceProblem.UNAVAILABLE, "The database does not answer; try again in a few seconds."),
                headers);
    }

    @ExceptionHandler
    ResponseEntity<byte[]> store(BlobStore.Unavailable e) {
        log.warn("the store did not do what was asked: {}", Reasons.describe(e));
        HttpHeaders headers = new HttpHeaders();
        headers.set(HttpHeaders.RETRY_AFTER, "5");
        return answer(
                Problem.of(
                        ServiceProblem.UNAVAILABLE, "The store of files does not answer; try again in a few seconds."),
                headers);
    }

    /** The query is not percent-encoded UTF-8, or no query at all; found out when somebody first asks for a parameter. */
    @ExceptionHandler
    ResponseEntity<byte[]> query(InvalidParameterException e) {
        return answer(
                Problem.of(ServiceProblem.BAD_REQUEST, "The query of the address is not well-formed."),
                new HttpHeaders());
    }

    /** The answer has begun: nothing can be said any more but that it is not complete. The container ends the connection. */
    @ExceptionHandler
    void cut(AnswerCut e) {
        log.warn("an answer broke off: {}", Reasons.describe(e));
        throw e;
    }

    /** The client is gone; there is nobody to answer. */
    @ExceptionHandler
    void gone(AsyncRequestNotUsableException e) {
        log.debug("the client went away");
    }

    @ExceptionHandler
    @Nullable
    ResponseEntity<byte[]> other(Exception e) {
        if (e instanceof HttpRequestMethodNotSupportedException method) {
            Set<HttpMethod> supported = method.getSupportedHttpMethods();
            String allowed = supported == null
                    ? ""
                    : supported.stream().map(HttpMethod::name).sorted().collect(Collectors.joining(", "));
            HttpHeaders headers = new HttpHeaders();
            headers.set(HttpHeaders.ALLOW, allowed);
            return answer(Problem.of(ServiceProblem.METHOD_NOT_ALLOWED, "Possible here: " + allowed + "."), headers);
        }
        if (e instanceof ErrorResponse known) {
            return answer(ofStatus(known.getStatusCode()), new HttpHeaders());
        }
        return internal(e);
    }

    private ResponseEntity<byte[]> internal(Exception e) {
        String incident = UUID.randomUUID().toString();
        log.error("incident {}: {}", incident, Reasons.describe(e));
        return answer(
                Problem.of(ServiceProblem.INTERNAL_ERROR, "The service failed; its log has the reason.")
                        .with("incident", incident),
                new HttpHeaders());
    }

    /** What an HTTP status alone says. */
    static Problem ofStatus(HttpStatusCode status) {
        return switch (status.value()) {
            case 404 -> Problem.of(ServiceProblem.NOT_FOUND, "No resource of the service has this address.");
            case 405 -> Problem.of(ServiceProblem.METHOD_NOT_ALLOWED, "The method is not possible here.");
            case 406 ->
                Problem.of(ServiceProblem.NOT_ACCEPTABLE, "The answer is JSON; the request does not accept it.");
            case 413 -> Problem.of(ServiceProblem.PAYLOAD_TOO_LARGE, "The request is too large.");
            case 415 ->
                Problem.of(
                        ServiceProblem.UNSUPPORTED_MEDIA_TYPE, "The content type of the request is not possible here.");
            case 501 -> Problem.of(ServiceProblem.METHOD_NOT_IMPLEMENTED, "The method is not known to the service.");
            case 503 -> Problem.of(ServiceProblem.UNAVAILABLE, "The service cannot answer now.");
            default ->
                status.is5xxServerError()
                        ? Problem.of(ServiceProblem.INTERNAL_ERROR, "The service failed; its log has the reason.")
                        : Problem.of(ServiceProblem.BAD_REQUEST, "The request cannot be understood.");
        };
    }

    ResponseEntity<byte[]> answer(Problem problem, HttpHeaders headers) {
        headers.setContentType(MediaType.APPLICATION_PROBLEM_JSON);
        headers.setCacheControl("no-store");
        // Bytes: the document is the answer to a request for any type.
        return ResponseEntity.status(problem.status())
                .headers(headers)
                .body(json.writeValueAsBytes(problem.document()));
    }
}
