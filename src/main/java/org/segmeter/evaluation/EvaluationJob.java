package org.segmeter.evaluation;

import com.github.kagkarlsson.scheduler.task.TaskDescriptor;

/** The job of the queue: one instance for each evaluation, named by its id, without data of its own. */
final class EvaluationJob {

    static final TaskDescriptor<Void> TASK = TaskDescriptor.of("evaluation");

    /** The queue counts a job's versions from 1, and each time it is picked, put back or found dead is one more. */
    static final long VERSION_AT_FIRST_PICK = 2;

    private EvaluationJob() {}
}
