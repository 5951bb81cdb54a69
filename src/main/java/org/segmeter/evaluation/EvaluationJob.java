package org.segmeter.evaluation;

import com.github.kagkarlsson.scheduler.task.TaskDescriptor;

/** The job of the queue: one instance for each evaluation, named by its id, without data of its own. */
final class EvaluationJob {

    static final TaskDescriptor<Void> TASK = TaskDescriptor.of("evaluation");

    private EvaluationJob() {}
}
