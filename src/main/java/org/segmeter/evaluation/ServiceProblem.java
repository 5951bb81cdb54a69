package org.segmeter.evaluation;

/** Why the service, as opposed to an input, does not do what was asked; the stable codes beside those of InputProblem. */
public enum ServiceProblem {
    BAD_REQUEST("bad-request", 400, "The request is not well-formed", "Compare the request with /openapi.yaml."),
    INCOMPLETE_UPLOAD(
            "incomplete-upload", 400, "The upload broke off", "Nothing was stored. Send the request once more."),
    DIGEST_MISMATCH(
            "digest-mismatch",
            400,
            "The content is not what its digest says",
            "The content was changed on the way, or the digest belongs to another file. Nothing was stored; send it"
                    + " again."),
    INVALID_DIGEST(
            "invalid-digest",
            400,
            "A digest field is not well-formed",
            "A digest is written sha-256=:...: or sha-512=:...: with the digest in base64 between the colons (RFC"
                    + " 9530)."),
    INVALID_IDEMPOTENCY_KEY(
            "invalid-idempotency-key",
            400,
            "The Idempotency-Key is not well-formed",
            "A key is 1 to 255 visible ASCII characters, in quotes or bare, and is sent once; a UUID is a good one."),
    UNKNOWN_PART(
            "unknown-part",
            400,
            "The form has a part that is not known",
            "The parts are prediction and reference (files, each may repeat) and request (JSON, optional)."),
    INVALID_PARAMETER(
            "invalid-parameter",
            400,
            "A query parameter cannot be understood",
            "The answer names the parameter and what it may be."),
    INVALID_CURSOR(
            "invalid-cursor", 400, "The cursor is none of this service", "Start again without the parameter cursor."),
    UNAUTHENTICATED(
            "unauthenticated",
            401,
            "It is not known who sends the request",
            "Send a key or an access token as Authorization: Bearer; whoever administers the service makes keys."),
    FORBIDDEN(
            "forbidden",
            403,
            "The key or token may not do this",
            "The answer names the role that it needs; whoever administers the service gives it."),
    CROSS_SITE(
            "cross-site",
            403,
            "A browser's request of another site",
            "Use the pages of the service itself, or a key as Authorization: Bearer."),
    KEY_NOT_FOUND("key-not-found", 404, "There is no such key", "/api/v1/keys lists all there are."),
    SESSION_NOT_FOUND(
            "session-not-found", 404, "There is no such session", "/api/v1/sessions lists those that are open."),
    NOT_FOUND("not-found", 404, "There is nothing here", "Check the address; /openapi.yaml lists all there are."),
    EVALUATION_NOT_FOUND(
            "evaluation-not-found", 404, "There is no such evaluation", "It was removed, or never existed."),
    BATCH_NOT_FOUND("batch-not-found", 404, "There is no such batch", "/api/v1/batches lists all there are."),
    PAIR_NOT_FOUND("pair-not-found", 404, "There is no such pair", "/api/v1/pairs lists all there are."),
    GATE_NOT_FOUND("gate-not-found", 404, "There is no such gate or run", "/api/v1/gates lists all gates."),
    IMAGE_NOT_FOUND(
            "image-not-found",
            404,
            "There is no image",
            "An image is shown behind the masks if it was sent with them, as the part image, or if they name its"
                    + " series and a PACS of the configuration has it."),
    LEADERBOARD_NOT_FOUND(
            "leaderboard-not-found",
            404,
            "There is no such leaderboard",
            "/api/v1/leaderboards without parameters lists all that have a name."),
    ALERT_NOT_FOUND("alert-not-found", 404, "There is no such alert", "/api/v1/alerts lists all there are."),
    NO_SCORECARD(
            "no-scorecard",
            404,
            "The evaluation has no scorecard",
            "It is not done yet, or failed or was cancelled; its state says which."),
    METHOD_NOT_ALLOWED(
            "method-not-allowed", 405, "The method is not possible here", "The header Allow lists those that are."),
    NOT_ACCEPTABLE(
            "not-acceptable",
            406,
            "The answer cannot be given in an accepted type",
            "Send Accept: application/json or leave the header out."),
    UPLOAD_TOO_SLOW(
            "upload-too-slow",
            408,
            "The upload came too slowly",
            "Nothing was stored. Send it again over a faster line, or have segmeter.upload.min-rate lowered."),
    PAIR_STATE(
            "pair-state",
            409,
            "The pair is in another state",
            "Only an ambiguous pair can be resolved, and only a prediction that waits for its reference accepted."),
    TRANSACTION_IN_USE(
            "transaction-in-use",
            409,
            "The transaction UID is in use",
            "Ask for the result with GET, or request once more under another transaction UID."),
    GATE_FAILED(
            "gate-failed",
            409,
            "The gate does not hold",
            "The answer lists the rules that do not hold, with what was found."),
    ALERT_STATE(
            "alert-state",
            409,
            "The alert is in another state",
            "Somebody has taken note of it already; what was said stays."),
    PROTOCOL_EXISTS(
            "protocol-exists",
            409,
            "A protocol of this id exists",
            "Protocols never change, so that numbers stay comparable. Raise the version."),
    IDEMPOTENCY_KEY_IN_USE(
            "idempotency-key-in-use",
            409,
            "A request of this Idempotency-Key is being received",
            "Try again after the time in Retry-After: the answer will then be that of the first request."),
    EVALUATION_REMOVED(
            "evaluation-removed",
            410,
            "The evaluation of this Idempotency-Key was removed",
            "The key was used and its evaluation removed since. To have the pair scored again, use another key."),
    INPUTS_REMOVED(
            "inputs-removed",
            410,
            "The inputs were removed after their time",
            "This installation keeps inputs for a limited time; the scorecard stays. To score them again, send the"
                    + " files."),
    PAYLOAD_TOO_LARGE(
            "payload-too-large",
            413,
            "The upload is larger than this installation accepts",
            "The limit is segmeter.upload.max-file-size for a file; compress it, or ask for a higher limit."),
    UNSUPPORTED_MEDIA_TYPE(
            "unsupported-media-type", 415, "The content type is not supported", "Send multipart/form-data."),
    UNSUPPORTED_CONTENT_ENCODING(
            "unsupported-content-encoding",
            415,
            "The content encoding is not supported",
            "Send the content as it is, without Content-Encoding; .nii.gz files are read as they are."),
    INVALID_MANIFEST(
            "invalid-manifest",
            422,
            "The manifest of the batch cannot be used",
            "The member errors says in which lines; docs/batches.md has the columns. Nothing was stored."),
    MISSING_FILE(
            "missing-file",
            422,
            "A file of the batch is not there",
            "The item names a file that is neither in the archive, nor stored, nor below a configured root."),
    NO_COUNTERPART(
            "no-counterpart",
            422,
            "The file has no counterpart",
            "Prediction and reference belong together by the same file name; this name is on one side only."),
    UNSUPPORTED_SOURCE(
            "unsupported-source",
            422,
            "The place of a file of the batch cannot be used",
            "It is a name in the archive, sha256:..., the name of a configured root and a path below it, or a series"
                    + " in a configured PACS."),
    IDEMPOTENCY_KEY_REUSED(
            "idempotency-key-reused",
            422,
            "The Idempotency-Key was used for another submission",
            "A key names one submission: the same files in the same order and the same request. Use a new key."),
    SOURCE_HAS_NONE(
            "source-has-none",
            422,
            "The PACS has no such segmentation",
            "Compare the UIDs with those of the PACS; SEG, label map SEG and RT Structure Sets are fetched."),
    TIMEOUT(
            "timeout",
            422,
            "The evaluation took too long",
            "Crop the volumes or score fewer metrics, or have segmeter.stage-timeout of the installation raised."),
    QUARANTINED(
            "quarantined",
            422,
            "The evaluation ended its worker too often",
            "Three attempts did not come to an end; the input is kept. The log has the reason under the evaluation's"
                    + " id."),
    TOO_MANY_REQUESTS(
            "too-many-requests",
            429,
            "Too many requests in a short time",
            "Send it again after the time in Retry-After; segmeter.security.requests-per-minute is the limit of a"
                    + " key."),
    TOO_MANY_BYTES(
            "too-many-bytes",
            429,
            "Too many bytes in a short time",
            "Send it again after the time in Retry-After; segmeter.security.bytes-per-minute is the limit of a key."),
    TOO_MANY_WAITING(
            "too-many-waiting",
            429,
            "Too many evaluations of this tenant wait",
            "Send it again after the time in Retry-After; segmeter.security.queue-share is the share of a tenant."),
    TOO_MANY_UPLOADS(
            "too-many-uploads",
            429,
            "Too many uploads of this client at once",
            "Send fewer at the same time, and this one again after the time in Retry-After."),
    INPUTS_LOST(
            "inputs-lost",
            500,
            "A stored input is not what was stored",
            "The store lost or damaged a file; the log names it. Send the files again, and look at the disk or"
                    + " bucket."),
    INTERNAL_ERROR(
            "internal-error",
            500,
            "The service failed",
            "This is a fault of the service. The log has the reason under the id in this answer."),
    METHOD_NOT_IMPLEMENTED(
            "method-not-implemented",
            501,
            "The method is not known",
            "The service knows GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS; /openapi.yaml lists where."),
    SOURCE_FAILED(
            "source-failed",
            502,
            "The PACS did not do what was asked",
            "It does not answer, refuses, or answers something that is no DICOMweb; what it did is in the answer."),
    UNAVAILABLE(
            "unavailable",
            503,
            "The service cannot take this now",
            "The database or the storage does not answer. Try again after the time in Retry-After."),
    OVERLOADED(
            "overloaded",
            503,
            "The service has as much work as it takes",
            "Nothing was stored. Send it again after the time in Retry-After, which follows from how fast the work is"
                    + " done."),
    INSUFFICIENT_STORAGE(
            "insufficient-storage",
            507,
            "There is no room for the upload",
            "Space must be made on the volume of segmeter.data-directory; results can still be read.");

    private final String slug;
    private final int status;
    private final String title;
    private final String advice;

    ServiceProblem(String slug, int status, String title, String advice) {
        this.slug = slug;
        this.status = status;
        this.title = title;
        this.advice = advice;
    }

    /** The stable code, kebab case. */
    public String slug() {
        return slug;
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** One line for people; the same for every occurrence. */
    public String title() {
        return title;
    }

    /** What a person can do about it. */
    public String advice() {
        return advice;
    }
}
